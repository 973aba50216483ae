"""The four services of the shop and the kernel that they share."""
