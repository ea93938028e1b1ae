"""The page that shows the API's document: Swagger UI as its makers publish it (see `swagger-ui/LICENSE`), served from
here, so that it works where nothing else can be reached."""
