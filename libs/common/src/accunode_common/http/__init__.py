"""What every API service stands on: the application factory, middleware, sessions, and the API's conventions."""
