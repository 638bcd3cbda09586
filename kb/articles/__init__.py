"""Articles as files: how they are read, checked, written by people and imported. It knows neither index nor site."""
