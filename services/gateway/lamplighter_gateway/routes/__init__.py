"""The routes of the API, one noun a file. Each reads its request, asks one decision or adapter, and answers."""
