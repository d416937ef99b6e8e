"""Pictures from a device, a video file, an address on the network or a folder, with the stamps of their acquisition."""
