"""Moments of plain regression data: a number y and descriptors X in each row, and the block that a row belongs to."""
