"""What applications build on: sessions, users and origin checks for consumers, and Django's views behind channels."""
