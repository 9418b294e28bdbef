"""The devices that people signed in with before."""
