"""entry → review: what a post is, and, where it is a review, of which film, by whom, with what rating."""
