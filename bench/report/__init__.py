"""From raw results to the documents: `markdown` and `plot`. Generated text is between markers."""
