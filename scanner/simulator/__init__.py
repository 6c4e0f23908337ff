"""An eSCL scanner made of a folder of images and a fault plan."""
