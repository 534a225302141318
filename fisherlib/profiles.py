"""Everything that is known of θ along a path of it, with error bars."""
