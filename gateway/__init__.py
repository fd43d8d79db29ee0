"""How are the rooms put together? Entry points, transactions, the life of a message; the only room with a clock."""
