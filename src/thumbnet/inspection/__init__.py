"""Looking into networks and what they answer: layers and their arithmetic, causes, mistakes."""
