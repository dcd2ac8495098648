"""Plans and their payment: what is offered, who has which plan, how orders are counted, and what waits beyond a limit."""
