"""Swift packages: their manifests, and the Core ML models that their targets ship."""
