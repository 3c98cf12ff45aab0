"""User-guided evaluation: two models' replies, judged by what each user asked of a reply."""
