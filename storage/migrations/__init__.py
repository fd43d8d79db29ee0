"""How did the tables become what they are? One file a change, first to last; see storage.migrate."""
