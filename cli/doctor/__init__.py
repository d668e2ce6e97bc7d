"""`tenure doctor`: check an installation and name the fix of each problem."""
