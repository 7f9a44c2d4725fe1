"""From raw results to the documents: `markdown` and `plot`. What is generated stands between markers."""
