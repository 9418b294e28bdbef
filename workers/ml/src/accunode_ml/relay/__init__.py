"""The relay: publishes what the outbox holds, and looks after work that stands still."""
