"""The fake outside world: provider answers, protocol servers, and the gate every effect goes through."""
