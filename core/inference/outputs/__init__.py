"""What is predicted of an image, and the files it becomes."""
