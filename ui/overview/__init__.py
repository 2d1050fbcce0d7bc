"""The Overview page: pictures of what there is, what goes on, and one click to a first map."""
