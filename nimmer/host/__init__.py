"""What this machine gives: processes, limits on them, and the household that is cleaned up after."""
