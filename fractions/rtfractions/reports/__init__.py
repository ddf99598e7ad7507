"""Results as text, JSON and CSV; computes nothing."""
