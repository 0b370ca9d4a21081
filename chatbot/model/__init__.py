"""What things are: resources, events, actions, configuration, errors."""
