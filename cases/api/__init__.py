"""What may be read of files by a program of somebody who is signed in."""
