echo b > 'back\slash'; echo c > backslash; echo d > 'back lash'
