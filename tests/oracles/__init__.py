"""What several test modules lean on: readers of pages and scripts, and made-up material."""
