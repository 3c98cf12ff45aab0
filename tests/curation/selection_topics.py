"""Prompts on a few topics, made of each topic's words and of words that all topics share."""

import random

TOPICS = {
    "cooking": "oven flour butter recipe bake cake sugar dough knead salt pan fry boil egg soup",
    "tax": "income deduct return audit refund form payroll bracket filing penalty estate dividend",
    "garden": "soil prune seedling compost mulch rose weed tomato bulb frost hedge lawn rake water",
    "kochen": "ofen mehl teig backen zucker pfanne suppe gewürz topf rühren nudel brot kuchen salz",
}
SHARED = "please tell me how to the a of and what is my for i can you with do about this"


def prompts_of_topics(count, seed=0):
    """Prompts with their topics: nine words, of which five or more are the topic's."""
    draw = random.Random(seed)
    made = {}
    while len(made) < count:
        topic = draw.choice(sorted(TOPICS))
        own = draw.randint(5, 7)
        words = draw.sample(TOPICS[topic].split(), own) + draw.sample(SHARED.split(), 9 - own)
        draw.shuffle(words)
        made[" ".join(words)] = topic
    return made
