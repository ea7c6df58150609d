"""From a trained model to what runs anywhere: the single-file recogniser and the browser bundle."""
