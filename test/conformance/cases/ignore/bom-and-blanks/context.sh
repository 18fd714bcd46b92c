printf '\357\273\277f\r\n\r\n  \n./g/../h\n' > .dockerignore; echo h > h
