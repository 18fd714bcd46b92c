echo 2 > f; mkdir fd; echo 1 > fd/x
