# One image for every service: the command says which. Small, without root, nothing written outside /tmp.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements-services.lock .
COPY libs libs
COPY services services
COPY cli cli
RUN python -m venv /opt/lamplighter \
    && /opt/lamplighter/bin/pip install --quiet --no-cache-dir --require-hashes \
        -r requirements-services.lock \
    && /opt/lamplighter/bin/pip install --quiet --no-cache-dir --no-deps --no-build-isolation ./libs/* ./services/* ./cli

FROM python:3.12-slim
COPY --from=build /opt/lamplighter /opt/lamplighter
COPY LICENSE /opt/lamplighter/
ENV PATH=/opt/lamplighter/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home lamplighter
USER 10001
EXPOSE 8460
CMD ["python", "-m", "lamplighter_gateway"]
