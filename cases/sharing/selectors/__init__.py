"""What has been decided about access, for those who may know of it."""
