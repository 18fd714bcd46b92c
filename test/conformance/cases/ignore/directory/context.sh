mkdir .dockerignore; echo > .dockerignore/a; echo > b
