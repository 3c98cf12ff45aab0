"""What people wrote, as plain text: HTML and mail to text, and which texts are worth using."""
