"""Selection from moments: which descriptors, which configurations, which sparse law."""
