"""Reports as pages and as a document: finished text, made from a snapshot alone."""
