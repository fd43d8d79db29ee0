"""What does a newcomer see before connecting anything? Made-up clients on local stand-ins of the networks."""
