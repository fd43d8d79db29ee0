"""What can the console and other programs ask of us? The REST layer under `/api/v1`, described at `/api/openapi.json`."""
