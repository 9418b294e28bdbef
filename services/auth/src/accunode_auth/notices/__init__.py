"""Mails that tell people when something about how they sign in has changed."""
