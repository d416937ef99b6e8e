"""From a picture to the 33 BlazePose landmarks of the person in it."""
