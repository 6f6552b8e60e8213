"""The model side of bbj-curator: two-stage training, compile@1, reports. Importing it costs nothing."""
