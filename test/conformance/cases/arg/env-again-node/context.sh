mkdir -p src && echo '{}' > package.json && echo 1 > src/i.js
