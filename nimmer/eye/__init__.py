"""The village's eye, as far as it is pure: what a house looks like, what is to be seen in a frame, and how well it is.

Source: docs/eye.md; docs/domain.md section 9 (vision).
"""
