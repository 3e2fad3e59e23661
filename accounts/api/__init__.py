"""What every app's part of the interface is made of: operations, strict reading, refusals and the description."""
