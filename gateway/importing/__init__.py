"""How do address books come in: files read in, columns understood, rows dealt with in the background?"""
