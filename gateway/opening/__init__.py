"""What becomes of an envelope's facts?

A batch of parsed envelopes is opened in one transaction: `wanted` says what must be known, storage.facts loads it, the
other modules change the board fact by fact in the envelopes' order, storage.flush writes it.
"""
