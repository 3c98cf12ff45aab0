"""Never pay twice: under which key a model's answer is kept, and in which bytes."""
