"""HTTP to outside: sending through the provider, and what each channel can do, as data."""
