"""The directory: which actor owns which room, the warm pool of blank actors, and orderly release."""
