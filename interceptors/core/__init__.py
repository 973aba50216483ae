"""How interceptors work: the call, hooks around it, refusals, and how servicers come behind the chain."""
