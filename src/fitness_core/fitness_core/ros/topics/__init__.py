"""Who hears and is heard: what came before a node was there, who listens, pictures past DDS, the time of live ones."""
