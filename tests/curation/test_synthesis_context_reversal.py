"""Two criteria for a pair, the judge that checks them, and the two pairs that come of it."""



