"""What the support desk does with what somebody asks: one way to ask, one shape of the answer."""
